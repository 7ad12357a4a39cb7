# The package of Debian: `cmake --preset package`, build, `cpack --config build/package/CPackConfig.cmake`. The packages that the
# program needs are found by dpkg-shlibdeps, so each Debian makes its own. With SOURCE_DATE_EPOCH set, the same tree makes the
# same bytes.
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  return()
endif()

set(debian_release "")
if(EXISTS /etc/os-release)
  file(STRINGS /etc/os-release id REGEX "^VERSION_ID=")
  string(REGEX REPLACE "[^0-9.]" "" debian_release "${id}")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME bazaard)
set(CPACK_PACKAGE_CONTACT "The bazaard developers <bazaard@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "realistic shop, alive in PostgreSQL, for change data capture")
set(CPACK_PACKAGE_DESCRIPTION
  "A daemon that writes a shop into PostgreSQL by a plan that follows from a seed,\n and verifies what a pipeline for change data capture made of it.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${debian_release}")
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles, passwd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_SOURCE_DIR}/packaging/deb/conffiles ${CMAKE_CURRENT_SOURCE_DIR}/packaging/deb/postinst
  ${CMAKE_CURRENT_SOURCE_DIR}/packaging/deb/postrm ${CMAKE_CURRENT_SOURCE_DIR}/packaging/deb/prerm)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/package_files.cmake)
include(CPack)
