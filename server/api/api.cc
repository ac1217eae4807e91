#include "server/api/api.h"

#include <filesystem>

#include "plugins/clock.h"
#include "server/api/answers.h"
#include "server/api/limits.h"
#include "server/api/routes.h"
#include "server/api/worker.h"
#include "server/manage/access.h"
#include "server/manage/backup.h"

namespace doorward {
namespace {

/// A request on its way. Held by whoever works on it.
struct Work {
  const ApiRoute* route = nullptr;
  ApiCall call;
  Api::Done done;
  Managed managed;
  bool proposed = false;  // an Error then is the log's
};
using WorkPtr = std::shared_ptr<Work>;

std::string target_of(const ApiCall& call) {
  std::string out;
  for (const auto& [name, value] : call.path) out += (out.empty() ? "" : " ") + value;
  return out.empty() ? call.text("name") : out;
}

/// What all requests share; callbacks of the core keep it.
class Shared : public std::enable_shared_from_this<Shared> {
 public:
  Shared(Core& core, ApiOptions options) : core_(core) {
    context.core = &core;
    context.options = std::move(options);
    context.started = clock_now();
  }

  void read(const WorkPtr& work) {
    core_.ask([work](FleetView& view) { work->done(work->route->read(work->call, view)); });
  }

  /// The change and its audit entry, in one commit. The core may ask again for the proposal, when
  /// somebody else's took its numbers.
  void change(const WorkPtr& work) {
    const auto self = shared_from_this();
    core_.change(
        [self, work](FleetView& view) -> Result<std::vector<LogEntry>> {
          work->managed =
              work->call.refused ? *work->call.refused : work->route->change(work->call, view);
          std::vector<LogEntry> entries = work->managed.entries;
          self->add_audit(*work, view, entries);
          return entries;
        },
        [self, work](const Result<std::vector<Committed>>& result, FleetView& view) {
          self->finish(work, result, view);
        });
  }

  ApiContext context;

 private:
  [[nodiscard]] AuditRecord record_of(const Work& work, FleetView& view) {
    AuditRecord record;
    record.number = 0;  // the core's to give
    record.at = view.now;
    record.by = work.call.who.name;
    record.role = role_name(work.call.who.role);
    record.action = work.route->action;
    record.target = work.managed.target.empty() ? target_of(work.call) : work.managed.target;
    record.ok = work.managed.refused == 0;
    record.detail = record.ok ? work.managed.detail : work.managed.why.message();
    record.from = work.call.who.from;
    return record;
  }

  void add_audit(const Work& work, FleetView& view, std::vector<LogEntry>& entries) {
    const bool refused = work.managed.refused != 0;
    if (refused) {
      // A flood of tries must not fill the disk.
      const std::int64_t minute = view.now / (60 * kSecondUs);
      if (minute != refused_minute_) refused_in_minute_ = 0;
      refused_minute_ = minute;
      if (++refused_in_minute_ > kRefusedAuditsAMinute) {
        ++left_out_;
        ++context.counts.audits_left_out;
        return;
      }
    }
    AuditRecord record = record_of(work, view);
    if (refused && left_out_ > 0) {
      record.detail = record.detail.substr(0, 400) + " (" + std::to_string(left_out_) +
                      " more refused tries are not in the trail)";
      left_out_ = 0;
    }
    entries.push_back(audit_entry(record));
  }

  /// Another server took the number: the entry again, alone, under the next.
  void audit_again(const WorkPtr& work, unsigned tries) {
    if (tries >= kAuditTriesMax) {
      ++context.counts.audits_left_out;
      return;
    }
    const auto self = shared_from_this();
    core_.change(
        [self, work](FleetView& view) -> Result<std::vector<LogEntry>> {
          return std::vector<LogEntry>{audit_entry(self->record_of(*work, view))};
        },
        [self, work, tries](const Result<std::vector<Committed>>& result, FleetView&) {
          if (result && !result.value().empty() && !result.value()[0].place) {
            self->audit_again(work, tries + 1);
          }
        });
  }

  void finish(const WorkPtr& work, const Result<std::vector<Committed>>& result, FleetView& view) {
    Managed& managed = work->managed;
    if (!result) {
      ++context.counts.refused;
      work->done(api_error(managed.refused != 0 ? managed.refused : 503U,
                           managed.refused != 0 ? managed.why : result.error()));
      return;
    }
    const std::vector<Committed>& committed = result.value();
    bool first = true;
    for (std::size_t i = 0; i < managed.entries.size() && i < committed.size(); ++i) {
      first = first && committed[i].place.has_value();
    }
    const bool audit_lost =
        committed.size() > managed.entries.size() && !committed.back().place.has_value();
    if (!first) {
      // The audit entry says that it was done; another one says that it was not.
      managed.refused = 409;
      managed.why = {"", "somebody else changed it at the same moment; look and try again"};
      managed.entries.clear();
      audit_again(work, 0);
    } else if (audit_lost) {
      audit_again(work, 0);
    }
    if (managed.refused != 0) {
      ++context.counts.refused;
      ApiResponse response = api_error(managed.refused, managed.why);
      work->done(std::move(response));
      return;
    }
    ++context.counts.changes;
    if (work->route->after != nullptr) {
      if (const Status after = work->route->after(view); !after) {
        work->done(
            api_error(503, {after.error().where, "it is in the log, but: " + after.error().what}));
        return;
      }
    }
    ApiResponse response = answered(managed.answer.empty() ? "{}" : managed.answer);
    if (std::string_view(work->route->name) == "backup" && work->call.who.from != "local") {
      response.file = work->call.prepared;
      response.type = "application/vnd.sqlite3";
      response.body.clear();
    }
    work->done(std::move(response));
  }

  Core& core_;
  // For the core's thread.
  std::int64_t refused_minute_ = 0;
  std::uint64_t refused_in_minute_ = 0;
  std::uint64_t left_out_ = 0;
};

void count_entry(ApiCounts& counts, const LogEntry& entry) {
  switch (entry.kind) {
    case EntryKind::delta:
      ++counts.deltas;
      break;
    case EntryKind::round:
      ++counts.rounds;
      break;
    case EntryKind::alert:
      ++counts.alerts;
      break;
    case EntryKind::enrolment:
      ++counts.enrolments;
      break;
    case EntryKind::revocation:
      ++counts.revocations;
      break;
    case EntryKind::verdict:
      ++counts.verdicts[verdict_number(entry)];
      break;
    default:
      break;
  }
}

class ApiImpl : public Api {
 public:
  ApiImpl(Core& core, ApiOptions options)
      : shared_(std::make_shared<Shared>(core, std::move(options))),
        worker_(kApiWorkMax, kApiWorkBytesMax) {
    core.listen([shared = shared_](const LogEntry& entry, FleetView&) {
      count_entry(shared->context.counts, entry);
    });
  }

  void handle(ApiRequest request, Done done) override {
    auto work = std::make_shared<Work>();
    work->done = std::move(done);
    work->call.who = std::move(request.who);
    work->call.context = &shared_->context;
    ++shared_->context.counts.requests;
    std::string allowed;
    work->route = find_route(request.method, request.path, work->call.path, allowed);
    if (work->route == nullptr) {
      work->done(allowed.empty() ? api_error(404, {"path", "there is no such path"})
                                 : api_error(405, {"method", "expected " + allowed}));
      return;
    }
    if (work->call.who.role < work->route->role) {
      refuse_role(work);
      return;
    }
    Result<ApiValues> values = read_api_query(work->route->query, request.query);
    if (values) {
      Result<ApiValues> body = read_api_body(work->route->body, request.body);
      if (body)
        values.value().merge(body.value());
      else
        values = body.error();
    }
    if (!values) {
      work->done(api_error(400, values.error()));
      return;
    }
    work->call.values = std::move(values.value());
    if (work->route->prepare == nullptr) {
      go_on(*shared_, work);
      return;
    }
    const bool taken = worker_.post(
        [shared = shared_, work] {
          work->route->prepare(work->call);
          go_on(*shared, work);
        },
        request.body.size());
    if (!taken) work->done(api_error(503, {"", "too much to do; try again"}));
  }

  [[nodiscard]] std::string openapi() const override { return openapi_document(); }

 private:
  static void go_on(Shared& shared, const WorkPtr& work) {
    if (work->route->change != nullptr)
      shared.change(work);
    else
      shared.read(work);
  }

  void refuse_role(const WorkPtr& work) {
    ++shared_->context.counts.forbidden;
    const bool stranger = work->call.who.role == Role::none;
    Managed no =
        Managed::no(stranger ? 401 : 403, "role",
                    stranger ? "a token is needed"
                             : "this takes the role " + std::string(role_name(work->route->role)));
    if (work->route->action == nullptr || stranger) {
      work->done(api_error(no.refused, no.why));
      return;
    }
    work->call.refused = std::move(no);
    shared_->change(work);
  }

  std::shared_ptr<Shared> shared_;
  ApiWorker worker_;
};

/// Downloads that a crash left over.
void remove_downloads(const std::string& data_dir) {
  std::error_code fault;
  if (data_dir.empty()) return;
  for (std::filesystem::directory_iterator it(data_dir, fault), end; !fault && it != end;
       it.increment(fault)) {
    if (!it->path().filename().string().starts_with(kDownloadPrefix)) continue;
    std::error_code ignored;
    std::filesystem::remove(it->path(), ignored);
  }
}

}  // namespace

std::unique_ptr<Api> Api::make(Core& core, ApiOptions options) {
  remove_downloads(options.data_dir);
  return std::make_unique<ApiImpl>(core, std::move(options));
}

}  // namespace doorward
