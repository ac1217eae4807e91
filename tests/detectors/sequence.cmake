doorward_test(count_tail_test ${CMAKE_CURRENT_LIST_DIR}/count_tail_test.cc)
doorward_test(sequence_test ${CMAKE_CURRENT_LIST_DIR}/sequence_test.cc)
doorward_test(sequence_flood_test ${CMAKE_CURRENT_LIST_DIR}/sequence_flood_test.cc)
target_link_libraries(sequence_flood_test PRIVATE doorward_allocations)
