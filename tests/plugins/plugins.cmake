doorward_test(ip_address_test ${CMAKE_CURRENT_LIST_DIR}/ip_address_test.cc)
doorward_test(timezone_test ${CMAKE_CURRENT_LIST_DIR}/timezone_test.cc)
