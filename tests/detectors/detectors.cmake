doorward_test(pitman_yor_test ${CMAKE_CURRENT_LIST_DIR}/pitman_yor_test.cc)
doorward_test(measured_tail_test ${CMAKE_CURRENT_LIST_DIR}/measured_tail_test.cc)
doorward_test(rare_reference_test
  ${CMAKE_CURRENT_LIST_DIR}/rare_reference_test.cc ${CMAKE_CURRENT_LIST_DIR}/exact_rare.cc)
doorward_test(words_test ${CMAKE_CURRENT_LIST_DIR}/words_test.cc)
