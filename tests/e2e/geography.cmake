doorward_test(geography_test ${CMAKE_CURRENT_LIST_DIR}/geography_test.cc ${CMAKE_CURRENT_LIST_DIR}/program.cc)
target_link_libraries(geography_test PRIVATE doorward_mmdb_writer)
