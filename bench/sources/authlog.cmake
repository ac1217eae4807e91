add_executable(authlog_bench ${CMAKE_CURRENT_LIST_DIR}/authlog_bench.cc)
target_link_libraries(authlog_bench PRIVATE
  doorward_bench_allocations doorward_plugins doorward_flags benchmark::benchmark)
