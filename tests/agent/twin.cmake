doorward_test(twin_merge_test ${CMAKE_CURRENT_LIST_DIR}/twin_merge_test.cc)
doorward_test(twin_recorded_test ${CMAKE_CURRENT_LIST_DIR}/twin_recorded_test.cc)
doorward_test(twin_absence_test ${CMAKE_CURRENT_LIST_DIR}/twin_absence_test.cc)
target_link_libraries(twin_absence_test PRIVATE doorward_allocations)
