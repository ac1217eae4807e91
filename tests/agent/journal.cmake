doorward_test(journal_reader_test ${CMAKE_CURRENT_LIST_DIR}/journal_reader_test.cc)
doorward_test(relay_test ${CMAKE_CURRENT_LIST_DIR}/relay_test.cc)
