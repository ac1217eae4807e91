doorward_test(bad_input_test ${CMAKE_CURRENT_LIST_DIR}/bad_input_test.cc ${CMAKE_CURRENT_LIST_DIR}/program.cc)
doorward_test(replay_test ${CMAKE_CURRENT_LIST_DIR}/replay_test.cc ${CMAKE_CURRENT_LIST_DIR}/program.cc)
target_link_libraries(bad_input_test PRIVATE ZLIB::ZLIB)
