add_executable(auditd_bench ${CMAKE_CURRENT_LIST_DIR}/auditd_bench.cc)
target_link_libraries(auditd_bench PRIVATE
  doorward_bench_allocations doorward_plugins doorward_flags benchmark::benchmark)
# Writes such lines to a file, for programs.
add_executable(audit-log ${CMAKE_CURRENT_LIST_DIR}/audit_log_main.cc)
target_link_libraries(audit-log PRIVATE doorward_flags)
