#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar::observe
{

/// Default directories of control sockets, in order of preference: under XDG_RUNTIME_DIR, /run, and /tmp with the
/// user's number.
[[nodiscard]] std::vector<std::string> control_directories();

/// File name of a run's socket, without the directory: KEY.SCHEMA.RUN.sock, in which KEY stands for the database. No
/// name of a schema or run can lead to another directory. Without a database: SCHEMA.RUN.sock.
[[nodiscard]] std::string control_file(std::string_view schema, std::string_view run, std::string_view database = {});

/// Whether a file is the socket of this run, in whichever database.
[[nodiscard]] bool is_control_file_of(std::string_view file, std::string_view schema, std::string_view run);

/// Whether nobody else can put a socket into this directory (except root).
[[nodiscard]] bool private_directory(const std::string& path);

/// A listening Unix socket that only its owner can open (mode 0600). A socket left behind by a dead process is
/// replaced.
///
/// Lifetime: the file is removed with the object.
/// Errors:   throws `temporary` if a living process has it, `no_output` if it cannot be created there, `usage` if the
///           path is too long for a socket.
class control_socket
{
public:
    explicit control_socket(std::string path);
    ~control_socket();
    control_socket(const control_socket&) = delete;
    control_socket& operator=(const control_socket&) = delete;

    /// A path in the first suitable directory, which is created if missing. Errors: as for the constructor.
    [[nodiscard]] static std::string default_path(std::string_view schema, std::string_view run,
                                                  std::string_view database);

    /// Hands the descriptor over to the caller.
    [[nodiscard]] int release() noexcept;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    void lock();
    void bind();
    void clear() noexcept;

    std::string path_;
    int lock_ = -1;
    int socket_ = -1;
    bool held_ = false;  ///< Whether it holds the lock.
    bool bound_ = false;
};

}  // namespace bazaar::observe
