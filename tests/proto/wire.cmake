doorward_server_test(identity_test ${CMAKE_CURRENT_LIST_DIR}/identity_test.cc)
