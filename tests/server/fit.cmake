doorward_server_test(server_fit_test ${CMAKE_CURRENT_LIST_DIR}/fit_test.cc)
