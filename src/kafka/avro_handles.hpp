#pragma once

#include <memory>

#include <avro.h>

namespace bazaar::kafka
{

struct avro_ender
{
    void operator()(avro_obj_t* what) const { avro_schema_decref(what); }
    void operator()(avro_value_iface* what) const { avro_value_iface_decref(what); }
    void operator()(avro_writer_t_* what) const { avro_writer_free(what); }
    void operator()(avro_reader_t_* what) const { avro_reader_free(what); }
};

template <typename Object>
using avro_handle = std::unique_ptr<Object, avro_ender>;

}  // namespace bazaar::kafka
