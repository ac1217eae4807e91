doorward_test(journald_files_test ${CMAKE_CURRENT_LIST_DIR}/journald_test.cc ${CMAKE_CURRENT_LIST_DIR}/program.cc)
