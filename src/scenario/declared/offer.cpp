#include "bazaar/scenario/declared/offer.hpp"

#include <algorithm>
#include <utility>

namespace bazaar::scenario::declared
{
namespace
{

settings settings_of(std::span<const field> fields, std::span<const given_setting> given)
{
    settings made(fields);
    for (const auto& [name, text] : given)
        if (std::ranges::find(fields, name, &field::name) != fields.end())
            static_cast<void>(made.set(made.find(name), text));
    return made;
}

}  // namespace

offer::offer(std::shared_ptr<const spec> file, std::string text, std::span<const given_setting> given)
    : file_(std::move(file)),
      text_(std::move(text)),
      schema_(file_->schema),
      fields_(*file_),
      as_given_(
          make(file_, {.run = "main", .seed = 0, .configuration = settings_of(fields_.all(), given), .files = {}})),
      entry_{.name = file_->name,
             .version = file_->version,
             .tables = as_given_->tables(),
             .kinds = as_given_->kinds(),
             .fields = fields_.all(),
             .text = text_,
             .schema = schema_,
             .past = as_given_->past(),
             .make = [file = file_](const request& from) { return declared::make(file, from); }}
{
}

}  // namespace bazaar::scenario::declared
