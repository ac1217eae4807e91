doorward_test(multiple_rules_test ${CMAKE_CURRENT_LIST_DIR}/multiple_rules_test.cc)
