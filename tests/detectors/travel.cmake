doorward_test(travel_test ${CMAKE_CURRENT_LIST_DIR}/travel_test.cc)
