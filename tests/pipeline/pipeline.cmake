doorward_test(sighting_book_test ${CMAKE_CURRENT_LIST_DIR}/sighting_book_test.cc)
target_link_libraries(sighting_book_test PRIVATE doorward_allocations)
doorward_test(verdict_test ${CMAKE_CURRENT_LIST_DIR}/verdict_test.cc)
