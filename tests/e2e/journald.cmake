doorward_test(journald_files_test ${CMAKE_CURRENT_LIST_DIR}/journald_test.cc ${CMAKE_CURRENT_LIST_DIR}/program.cc)
doorward_test(audit_relay_test ${CMAKE_CURRENT_LIST_DIR}/audit_relay_test.cc ${CMAKE_CURRENT_LIST_DIR}/program.cc)
