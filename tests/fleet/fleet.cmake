doorward_test(fleet_learning_test ${CMAKE_CURRENT_LIST_DIR}/learning_test.cc)
doorward_test(fleet_judges_test ${CMAKE_CURRENT_LIST_DIR}/judges_test.cc)
doorward_server_test(fleet_session_test ${CMAKE_CURRENT_LIST_DIR}/session_test.cc)
