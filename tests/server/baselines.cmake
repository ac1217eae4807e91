doorward_server_test(server_baselines_test
  server/baselines_test.cc server/baselines_limits_test.cc)
