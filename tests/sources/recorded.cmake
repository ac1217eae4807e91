doorward_test(recorded_truth_test ${CMAKE_CURRENT_LIST_DIR}/recorded_truth_test.cc)
