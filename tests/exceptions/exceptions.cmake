doorward_test(exceptions_test ${CMAKE_CURRENT_LIST_DIR}/exceptions_test.cc)
target_link_libraries(exceptions_test PRIVATE doorward_allocations)
doorward_test(exception_review_test ${CMAKE_CURRENT_LIST_DIR}/exception_review_test.cc)
doorward_test(exceptions_pipeline_test ${CMAKE_CURRENT_LIST_DIR}/exceptions_pipeline_test.cc)
doorward_test(exceptions_run_test ${CMAKE_CURRENT_LIST_DIR}/exceptions_run_test.cc
  ${CMAKE_SOURCE_DIR}/tests/e2e/program.cc)
