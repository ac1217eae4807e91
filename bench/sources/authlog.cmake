add_executable(authlog_bench ${CMAKE_CURRENT_LIST_DIR}/authlog_bench.cc
  ${CMAKE_SOURCE_DIR}/tests/support/allocations.cc)
target_link_libraries(authlog_bench PRIVATE doorward_plugins doorward_flags benchmark::benchmark)
