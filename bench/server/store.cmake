# What the server's store takes and how quickly it answers.
add_executable(store-bench ${CMAKE_CURRENT_LIST_DIR}/store_bench.cc)
target_link_libraries(store-bench PRIVATE
  doorward_allocator doorward_server doorward_plugins doorward_proto doorward_sketch doorward_flags)
