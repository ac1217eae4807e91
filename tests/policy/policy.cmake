doorward_test(fit_test ${CMAKE_CURRENT_LIST_DIR}/fit_test.cc)
doorward_test(rule_override_test ${CMAKE_CURRENT_LIST_DIR}/rule_override_test.cc)
