# The packages doorward-agent and doorward-server: scripts/package, or `cpack -G DEB` in the build folder.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME doorward)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Doorward developers <doorward@localhost.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL agent server)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(summary_agent "finds unusual logons in the logs of this host")
set(CPACK_COMPONENT_AGENT_DESCRIPTION "${summary_agent}
Doorward reads auditd's log, the system's authentication logs and the journal,
turns each logon attempt into one event, and scores it against compact
sketches of what is usual for the user and the fleet: unusual addresses,
hours, hosts and keys, rare users, sprayings and guessing, forged log lines.
.
This package has the agent: it runs unprivileged, in fixed memory, and needs
no configuration.")
set(summary_server "merges the baselines of a Doorward fleet and collects its alerts")
set(CPACK_COMPONENT_SERVER_DESCRIPTION "${summary_server}
Doorward reads auditd's log, the system's authentication logs and the journal,
turns each logon attempt into one event, and scores it against compact
sketches of what is usual for the user and the fleet.
.
This package has the central server: it enrols agents, hands out policy,
merges what they learn into one baseline, and collects their alerts. It needs
no other service.")

foreach(component agent server)
  string(TOUPPER ${component} upper)
  set(scripts ${CMAKE_CURRENT_SOURCE_DIR}/debian/doorward-${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME doorward-${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA
    ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm)
  if(EXISTS ${scripts}/conffiles)
    list(APPEND CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA ${scripts}/conffiles)
  endif()
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS
    "init-system-helpers (>= 1.52), systemd | systemd-standalone-sysusers, passwd")
endforeach()
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS logrotate)
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS logrotate)
set(CPACK_DEBIAN_AGENT_PACKAGE_SUGGESTS "auditd, rsyslog")
set(CPACK_DEBIAN_AGENT_PACKAGE_ENHANCES "openssh-server")
include(CPack)
