doorward_server_test(server_policy_test ${CMAKE_CURRENT_LIST_DIR}/policy_log_test.cc)
target_link_libraries(server_policy_test PRIVATE GTest::gmock)
