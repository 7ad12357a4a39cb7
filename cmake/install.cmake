# What `cmake --install` puts where. Manual page, completion and configuration are made by the program itself, after each link.
include(GNUInstallDirs)

set(made ${CMAKE_CURRENT_BINARY_DIR}/share)
file(MAKE_DIRECTORY ${made})
add_custom_command(TARGET bazaard POST_BUILD
  COMMAND bazaard --help-man > ${made}/bazaard.1
  COMMAND bazaard --help-config > ${made}/bazaard.conf
  COMMAND bazaard --help-completion bash > ${made}/bazaard
  COMMAND bazaard --help-completion zsh > ${made}/_bazaard
  COMMAND bazaard --help-completion fish > ${made}/bazaard.fish
  VERBATIM)

# Debian has places of its own for what comes with its packages.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(zsh_functions ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  set(configuration ${CMAKE_INSTALL_FULL_SYSCONFDIR}/bazaard)
else()
  set(zsh_functions ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  set(configuration ${CMAKE_INSTALL_SYSCONFDIR}/bazaard)
endif()

# The units name the program with its whole path.
foreach(unit IN ITEMS bazaard.service bazaard@.service)
  configure_file(packaging/${unit}.in ${made}/${unit} @ONLY)
endforeach()

install(TARGETS bazaard RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${made}/bazaard.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/bazaard DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${made}/_bazaard DESTINATION ${zsh_functions})
install(FILES ${made}/bazaard.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${made}/bazaard.service ${made}/bazaard@.service DESTINATION lib/systemd/system)
install(FILES packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME bazaard.conf)
install(FILES packaging/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME bazaard.conf)
install(FILES ${made}/bazaard.conf DESTINATION ${configuration})
install(DIRECTORY sql DESTINATION ${CMAKE_INSTALL_DATADIR}/bazaard)
install(FILES README.md CHANGELOG.md LICENSE SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN adr EXCLUDE)
install(DIRECTORY deploy/kubernetes DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY seed/LICENSES/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/seed-licenses)
install(FILES seed/PROVENANCE.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
