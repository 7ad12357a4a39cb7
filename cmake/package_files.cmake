# Run by CPack on the files of the package: as Debian wants them.
set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)
file(RENAME ${share}/doc/bazaard/LICENSE ${share}/doc/bazaard/copyright)
file(RENAME ${share}/doc/bazaard/CHANGELOG.md ${share}/doc/bazaard/changelog)
execute_process(COMMAND gzip -9n ${share}/man/man1/bazaard.1 ${share}/doc/bazaard/changelog COMMAND_ERROR_IS_FATAL ANY)
