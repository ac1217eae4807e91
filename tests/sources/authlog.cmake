doorward_test(authlog_line_test ${CMAKE_CURRENT_LIST_DIR}/authlog_line_test.cc)
doorward_test(authlog_sshd_test
  ${CMAKE_CURRENT_LIST_DIR}/authlog_sshd_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/authlog_sshd_attempts_test.cc)
doorward_test(authlog_programs_test ${CMAKE_CURRENT_LIST_DIR}/authlog_programs_test.cc)
doorward_test(authlog_hostile_test ${CMAKE_CURRENT_LIST_DIR}/authlog_hostile_test.cc)
doorward_test(authlog_allocation_test ${CMAKE_CURRENT_LIST_DIR}/authlog_allocation_test.cc)
target_link_libraries(authlog_allocation_test PRIVATE doorward_allocations)
doorward_test(authlog_corpora_test ${CMAKE_CURRENT_LIST_DIR}/authlog_corpora_test.cc)
doorward_test(authlog_recorded_test ${CMAKE_CURRENT_LIST_DIR}/authlog_recorded_test.cc)
