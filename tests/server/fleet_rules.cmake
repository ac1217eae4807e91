doorward_server_test(fleet_group_test ${CMAKE_CURRENT_LIST_DIR}/fleet_group_test.cc)
doorward_server_test(fleet_rules_test ${CMAKE_CURRENT_LIST_DIR}/fleet_rules_test.cc)
doorward_server_test(triage_test ${CMAKE_CURRENT_LIST_DIR}/triage_test.cc)
