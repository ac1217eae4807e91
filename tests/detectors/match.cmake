doorward_test(match_state_test ${CMAKE_CURRENT_LIST_DIR}/match_state_test.cc)
doorward_test(match_test ${CMAKE_CURRENT_LIST_DIR}/match_test.cc)
doorward_test(match_flood_test ${CMAKE_CURRENT_LIST_DIR}/match_flood_test.cc)
target_link_libraries(match_flood_test PRIVATE doorward_allocations)
