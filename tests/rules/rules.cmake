doorward_test(rule_examples_test ${CMAKE_CURRENT_LIST_DIR}/rule_examples_test.cc)
doorward_test(rule_reader_test ${CMAKE_CURRENT_LIST_DIR}/rule_reader_test.cc)
doorward_test(rules_page_test ${CMAKE_CURRENT_LIST_DIR}/rules_page_test.cc)
