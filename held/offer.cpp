#include "bazaar/scenario/declared/offer.hpp"

#include <utility>

namespace bazaar::scenario::declared
{

offer::offer(std::shared_ptr<const spec> file)
    : fields_(*file),
      by_default_(make(file, {.run = "main", .seed = 0, .configuration = settings(fields_.all()), .files = {}})),
      entry_{.name = file->name,
             .version = file->version,
             .tables = by_default_->tables(),
             .kinds = by_default_->kinds(),
             .fields = fields_.all(),
             .files = {},
             .make = [file](const request& given) { return declared::make(file, given); }}
{
}

}  // namespace bazaar::scenario::declared
