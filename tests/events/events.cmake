doorward_test(views_test ${CMAKE_CURRENT_LIST_DIR}/views_test.cc)
doorward_test(documents_test ${CMAKE_CURRENT_LIST_DIR}/documents_test.cc)
doorward_test(sentence_test ${CMAKE_CURRENT_LIST_DIR}/sentence_test.cc)
