doorward_test(fleet_learning_test ${CMAKE_CURRENT_LIST_DIR}/learning_test.cc)
