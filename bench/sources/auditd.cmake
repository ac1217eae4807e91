add_executable(auditd_bench ${CMAKE_CURRENT_LIST_DIR}/auditd_bench.cc)
target_link_libraries(auditd_bench PRIVATE
  doorward_allocator doorward_plugins doorward_flags benchmark::benchmark)
