doorward_test(follow_random_test ${CMAKE_CURRENT_LIST_DIR}/follow_random_test.cc)
target_link_libraries(follow_random_test PRIVATE ZLIB::ZLIB)
