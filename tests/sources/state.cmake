doorward_test(source_state_test ${CMAKE_CURRENT_LIST_DIR}/source_state_test.cc)
