doorward_server_test(store_log_test ${CMAKE_CURRENT_LIST_DIR}/store_log_test.cc)
doorward_server_test(store_alerts_test
  ${CMAKE_CURRENT_LIST_DIR}/store_alerts_test.cc ${CMAKE_CURRENT_LIST_DIR}/store_search_test.cc)
doorward_server_test(store_files_test ${CMAKE_CURRENT_LIST_DIR}/store_files_test.cc)
doorward_server_test(store_crash_test ${CMAKE_CURRENT_LIST_DIR}/store_crash_test.cc)
doorward_server_test(store_text_test ${CMAKE_CURRENT_LIST_DIR}/store_text_test.cc)
doorward_server_test(fleet_state_test ${CMAKE_CURRENT_LIST_DIR}/fleet_state_test.cc)
