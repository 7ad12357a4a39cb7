#pragma once

#include <memory>

#include "bazaar/kafka/encoder.hpp"
#include "record_shape.hpp"

namespace bazaar::kafka
{

[[nodiscard]] std::unique_ptr<encoder> make_json_encoder(record_shape shape, const model::key_codec& keys);
[[nodiscard]] std::unique_ptr<encoder> make_avro_encoder(record_shape shape, const model::key_codec& keys,
                                                         const std::string& schema);
[[nodiscard]] std::unique_ptr<encoder> make_protobuf_encoder(record_shape shape, const model::key_codec& keys);

/// NULL in a column that is not nullable: a broken scenario, which PostgreSQL would refuse, too.
[[noreturn]] void refuse_null(const record_shape& shape, const record_field& field);

}  // namespace bazaar::kafka
