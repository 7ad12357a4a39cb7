#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar::observe
{

/// Directories in which control sockets lie unless told otherwise, the first one first: below XDG_RUNTIME_DIR, /run, and
/// /tmp with the user's number.
[[nodiscard]] std::vector<std::string> control_directories();

/// The file of a run's socket, without a directory: KEY.SCHEMA.RUN.sock, in which KEY stands for the database. No name of schema or
/// run leads elsewhere. Without a database: SCHEMA.RUN.sock.
[[nodiscard]] std::string control_file(std::string_view schema, std::string_view run, std::string_view database = {});

/// Whether a file is the socket of this run, in whichever database.
[[nodiscard]] bool is_control_file_of(std::string_view file, std::string_view schema, std::string_view run);

/// Whether a directory is one that nobody else can put a socket into. Root's sockets are root's.
[[nodiscard]] bool private_directory(const std::string& path);

/// A listening Unix socket that only its owner can open (mode 0600). What a dead process has left in its place is replaced.
///
/// Lifetime: the file goes with the object.
/// Errors:   throws `temporary` when a living process has it, `no_output` when it cannot be made there, `usage` when the path is too
///           long for a socket.
class control_socket
{
public:
    explicit control_socket(std::string path);
    ~control_socket();
    control_socket(const control_socket&) = delete;
    control_socket& operator=(const control_socket&) = delete;

    /// The first of the directories that will do, made where it is missing. Errors: as the constructor.
    [[nodiscard]] static std::string default_path(std::string_view schema, std::string_view run,
                                                  std::string_view database);

    /// Gives the descriptor away.
    [[nodiscard]] int release() noexcept;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    void lock();
    void bind();
    void clear() noexcept;

    std::string path_;
    int lock_ = -1;
    int socket_ = -1;
    bool held_ = false;  ///< The lock.
    bool bound_ = false;
};

}  // namespace bazaar::observe
