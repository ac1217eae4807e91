doorward_test(pipeline_test ${CMAKE_CURRENT_LIST_DIR}/pipeline_test.cc)
doorward_test(pipeline_allocation_test ${CMAKE_CURRENT_LIST_DIR}/pipeline_allocation_test.cc)
doorward_test(line_reader_test ${CMAKE_CURRENT_LIST_DIR}/line_reader_test.cc)
target_link_libraries(line_reader_test PRIVATE ZLIB::ZLIB)
