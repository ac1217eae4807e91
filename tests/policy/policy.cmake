doorward_test(fit_test ${CMAKE_CURRENT_LIST_DIR}/fit_test.cc)
doorward_test(rule_override_test ${CMAKE_CURRENT_LIST_DIR}/rule_override_test.cc)
doorward_test(policy_test ${CMAKE_CURRENT_LIST_DIR}/policy_test.cc)
target_link_libraries(policy_test PRIVATE GTest::gmock)
