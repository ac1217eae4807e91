doorward_test(follow_random_test ${CMAKE_CURRENT_LIST_DIR}/follow_random_test.cc)
target_link_libraries(follow_random_test PRIVATE ZLIB::ZLIB)
doorward_test(follow_test
  ${CMAKE_CURRENT_LIST_DIR}/follow_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/follow_rotation_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/rotated_names_test.cc)
target_link_libraries(follow_test PRIVATE ZLIB::ZLIB)
doorward_test(path_watch_test ${CMAKE_CURRENT_LIST_DIR}/path_watch_test.cc)
doorward_test(glob_follow_test ${CMAKE_CURRENT_LIST_DIR}/glob_follow_test.cc)
doorward_test(follow_logrotate_test ${CMAKE_CURRENT_LIST_DIR}/follow_logrotate_test.cc)
target_link_libraries(follow_logrotate_test PRIVATE ZLIB::ZLIB)
doorward_test(follow_allocation_test ${CMAKE_CURRENT_LIST_DIR}/follow_allocation_test.cc)
target_link_libraries(follow_allocation_test PRIVATE doorward_allocations ZLIB::ZLIB)
