# Sources whose lines are JSON.
add_executable(records_bench ${CMAKE_CURRENT_LIST_DIR}/records_bench.cc)
target_link_libraries(records_bench PRIVATE
  doorward_bench_allocations doorward_plugins doorward_flags benchmark::benchmark_main)
