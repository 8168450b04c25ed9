/**
 * Every text of the page in one place: `key: [zh-CN, en]`.
 *
 * `{name}` is replaced by a parameter, `{count:line|lines}` by the English form that fits the number.
 * Codes of the server have keys of their own (`error.`, `status.`, `stage.`, ...); a code without a text shows what the
 * server says, so that a newer server works with an older page.
 */

export const LANGUAGES = ["zh-CN", "en"];

const TEXTS = {
  "app.name": ["域名合规扫描", "Domain Compliance Scanner"],
  "app.tagline": [
    "扫描一个域名的页面引向何处，并实时观察每一步",
    "Scan what the pages of a domain lead to, and watch every step live",
  ],
  "app.skip": ["跳到内容", "Skip to content"],
  "app.language": ["English", "中文"],
  "app.language_label": ["Switch to English", "切换到中文"],
  "app.sign_out": ["退出", "Sign out"],
  "app.back": ["全部任务", "All scans"],
  "app.retry": ["重试", "Try again"],
  "app.close": ["关闭", "Close"],
  "app.copy": ["复制", "Copy"],
  "app.copied": ["已复制", "Copied"],
  "app.keep": ["返回", "Go back"],
  "app.loading": ["正在加载…", "Loading…"],

  "signin.title": ["登录", "Sign in"],
  "signin.username": ["用户名", "User name"],
  "signin.password": ["密码", "Password"],
  "signin.submit": ["登录", "Sign in"],
  "signin.busy": ["正在登录…", "Signing in…"],
  "signin.hint": [
    "首次启动？管理员密码显示在服务器的终端里。",
    "First start? The administrator's password stands in the server's terminal.",
  ],
  "signin.ended": ["登录已失效，请重新登录。", "Your session has ended. Please sign in again."],
  "signin.ended_disabled": ["此账号已停用。", "This account has been disabled."],
  "signin.feature_stages": ["五个阶段，实时进度", "Five stages with live progress"],
  "signin.feature_violations": ["发现违规，立即可见", "Violations the moment they are found"],
  "signin.feature_resume": ["断线重连，毫无遗漏", "Nothing lost when you drop off"],

  "tasks.title": ["扫描任务", "Scans"],
  "tasks.count": ["共 {count} 个", "{count} in all"],
  "tasks.empty_title": ["还没有扫描任务", "No scans yet"],
  "tasks.empty": [
    "在上面输入一个域名，开始第一次扫描。进度、日志和发现的违规会实时出现。",
    "Type a domain above to start the first one. Progress, log and violations appear live.",
  ],
  "tasks.failed": ["任务列表加载失败", "The list could not be loaded"],
  "tasks.more": ["加载更多（还有 {count} 个）", "Load {count} more"],
  "tasks.no_violations": ["无违规", "No violations"],
  "tasks.open": ["查看 {domain} 的扫描", "Open the scan of {domain}"],

  "start.title": ["开始扫描", "Start a scan"],
  "start.domain": ["目标域名", "Domain to scan"],
  "start.submit": ["开始扫描", "Start scan"],
  "start.busy": ["正在创建…", "Starting…"],
  "start.options": ["选项", "Options"],
  "start.max_pages": ["最多页面数", "Pages at most"],
  "start.max_depth": ["最大深度", "Depth at most"],
  "start.time_limit": ["时间上限（分钟）", "Time limit (minutes)"],
  "start.start_urls": ["起始网址（每行一个，须在目标域名内）", "Start URLs (one per line, inside the domain)"],
  "start.passive": ["使用公开数据源（证书透明度日志）", "Use public sources (certificate transparency)"],
  "start.screenshots": ["截取第三方页面截图", "Take screenshots of third parties"],

  "status.pending": ["等待中", "Waiting"],
  "status.running": ["扫描中", "Running"],
  "status.cancelling": ["正在取消", "Cancelling"],
  "status.completed": ["已完成", "Completed"],
  "status.failed": ["失败", "Failed"],
  "status.cancelled": ["已取消", "Cancelled"],

  "stage.subdomain_discovery": ["子域名发现", "Subdomain discovery"],
  "stage.page_crawl": ["页面爬取", "Page crawl"],
  "stage.third_party": ["第三方域名识别", "Third parties"],
  "stage.content_capture": ["内容抓取", "Content capture"],
  "stage.ai_analysis": ["AI分析", "AI analysis"],
  "stage_status.pending": ["未开始", "Not started"],
  "stage_status.running": ["进行中", "Running"],
  "stage_status.completed": ["完成", "Done"],
  "stage_status.failed": ["失败", "Failed"],
  "stage_status.skipped": ["已跳过", "Skipped"],

  "task.loading": ["正在读取任务状态…", "Reading the state of the scan…"],
  "task.gone_title": ["没有这个任务", "There is no such scan"],
  "task.gone": ["它可能已被删除，或者属于其他用户。", "It may have been deleted, or belong to somebody else."],
  "task.deleted": ["任务已被删除", "The scan was deleted"],
  "task.limit": ["此连接跟踪的任务过多。", "Too many scans are followed on this connection."],
  "task.progress": ["总进度", "Overall progress"],
  "task.message": ["{stage}：{message}", "{stage}: {message}"],
  "task.attempt": ["第 {count} 次", "Attempt {count}"],
  "task.created": ["创建于 {time}", "Created {time}"],
  "task.queue": ["排队位置 {count}", "Position {count} in the queue"],
  "task.eta": ["预计还需约 {time}", "About {time} left"],
  "task.cancel": ["取消扫描", "Cancel scan"],
  "task.retry": ["重新扫描", "Scan again"],
  "task.delete": ["删除", "Delete"],
  "task.report": ["下载报告", "Download report"],
  "task.confirm_cancel": ["确定取消对 {domain} 的扫描？", "Cancel the scan of {domain}?"],
  "task.confirm_cancel_more": [
    "已发现的结果会保留；之后只能从头重新扫描。",
    "What was found so far is kept; a new attempt starts from the beginning.",
  ],
  "task.confirm_delete": ["确定删除对 {domain} 的扫描？", "Delete the scan of {domain}?"],
  "task.confirm_delete_more": ["结果和日志将一并删除，无法恢复。", "Its results and its log go too. This cannot be undone."],
  "task.stages": ["阶段", "Stages"],
  "task.statistics": ["统计", "Statistics"],
  "task.error": ["失败原因：{message}", "Why it failed: {message}"],
  "task.resuming": ["进程中断，正在从检查点继续", "The process was interrupted; going on from its checkpoint"],

  "stat.subdomains": ["子域名", "Subdomains"],
  "stat.pages": ["页面", "Pages"],
  "stat.third_parties": ["第三方域名", "Third parties"],
  "stat.violations": ["违规", "Violations"],
  "stat.duration": ["用时", "Duration"],
  "stat.trouble": ["警告 / 错误", "Warnings / errors"],

  "warning.long_running": ["运行时间过长", "Running for long"],
  "warning.stalled": ["没有进展", "No progress"],
  "warning.worker_suspect": ["扫描进程没有心跳", "The scan process misses its heartbeats"],
  "warning.no_worker": ["没有可用的扫描进程", "No worker is there"],
  "warning.no_resources": ["缺少系统资源，等待中", "Waiting for resources"],
  "warning.queued": ["排队等待", "Waiting in the queue"],
  "warning.degraded": ["功能受限", "Limited"],
  "warning.partial": ["结果不完整", "Incomplete results"],

  "violations.title": ["违规", "Violations"],
  "violations.empty_running": ["暂未发现违规。一旦发现会立即显示在这里。", "None so far. They appear here the moment they are found."],
  "violations.empty_done": ["没有发现违规。", "No violations were found."],
  "violations.empty_stopped": ["扫描结束前没有发现违规。", "None were found before the scan ended."],
  "violations.review": ["待复核", "Needs review"],
  "violations.confidence": ["置信度 {percent}", "Confidence {percent}"],
  "violations.url": ["网址", "URL"],
  "violations.found_on": ["发现于", "Found on"],
  "violations.more": ["仅显示最新的 {count} 条，全部内容见报告。", "The newest {count} are shown; the report has them all."],
  "violations.announce": ["新违规：{domain}，{type}，{risk}", "New violation: {domain}, {type}, {risk}"],
  "violations.announce_many": ["新增 {count} 条违规，最新：{domain}，{type}", "{count} new violations, the latest: {domain}, {type}"],
  "violations.elsewhere": ["{target}：新违规 {domain}", "{target}: new violation {domain}"],

  "violation.adult": ["色情内容", "Adult content"],
  "violation.gambling": ["赌博内容", "Gambling"],
  "violation.fraud": ["诈骗钓鱼", "Fraud and phishing"],
  "violation.malware": ["恶意软件", "Malware"],
  "violation.drugs": ["毒品内容", "Drugs"],
  "violation.violence": ["暴力仇恨", "Violence and hate"],
  "violation.medical": ["违规医药", "Illegal medicine"],
  "violation.takeover": ["域名可被接管", "Takeover possible"],
  "violation.hidden_link": ["隐藏链接", "Hidden link"],
  "violation.other": ["其他", "Other"],

  "risk.critical": ["严重", "Critical"],
  "risk.high": ["高风险", "High"],
  "risk.medium": ["中风险", "Medium"],
  "risk.low": ["低风险", "Low"],

  "log.title": ["日志", "Log"],
  "log.label": ["扫描日志", "Log of the scan"],
  "log.empty": ["还没有日志。", "No lines yet."],
  "log.filter": ["按级别筛选", "Filter by level"],
  "log.earlier": ["加载更早的日志", "Load earlier lines"],
  "log.gap": ["此处省略 {count} 行，点击加载", "{count:line|lines} not shown here: load"],
  "log.capped": ["最多显示 {count} 行，更早的请下载完整日志。", "At most {count} lines are shown; download the log for earlier ones."],
  "log.newest": ["跳到最新", "Jump to newest"],
  "log.newest_count": ["跳到最新（{count} 行新日志）", "Jump to newest ({count} new)"],
  "log.download": ["下载完整日志", "Download full log"],
  "log.level.DEBUG": ["调试", "Debug"],
  "log.level.INFO": ["信息", "Info"],
  "log.level.WARNING": ["警告", "Warning"],
  "log.level.ERROR": ["错误", "Error"],

  "parties.title": ["第三方域名", "Third parties"],
  "parties.empty_running": ["第三方域名会在识别阶段出现。", "They appear when the pages have been searched."],
  "parties.empty_done": ["页面没有引用任何第三方域名。", "The pages refer to no third party."],
  "parties.failed": ["第三方域名加载失败", "Third parties could not be loaded"],
  "parties.domain": ["域名", "Domain"],
  "parties.category": ["类别", "Category"],
  "parties.relation": ["引用方式", "Relation"],
  "parties.references": ["引用", "References"],
  "parties.hidden": ["隐藏", "Hidden"],
  "parties.risk": ["风险", "Risk"],
  "parties.outcome": ["检查情况", "Outcome"],
  "parties.hosts": ["{count} 个主机名", "{count:host|hosts}"],
  "parties.more": ["仅显示前 {count} 个，全部内容见报告。", "The first {count} are shown; the report has them all."],

  "category.ads": ["广告", "Ads"],
  "category.analytics": ["统计分析", "Analytics"],
  "category.app_store": ["应用商店", "App store"],
  "category.bank": ["银行", "Bank"],
  "category.captcha": ["验证码", "Captcha"],
  "category.cdn": ["CDN", "CDN"],
  "category.cloud": ["云服务", "Cloud"],
  "category.cms": ["内容管理", "CMS"],
  "category.consent": ["隐私同意", "Consent"],
  "category.content": ["内容", "Content"],
  "category.customer_service": ["客服", "Customer service"],
  "category.developer": ["开发者服务", "Developer"],
  "category.ecommerce": ["电子商务", "E-commerce"],
  "category.education": ["教育", "Education"],
  "category.fonts": ["字体", "Fonts"],
  "category.government": ["政府", "Government"],
  "category.hosting": ["托管", "Hosting"],
  "category.maps": ["地图", "Maps"],
  "category.marketing": ["营销", "Marketing"],
  "category.news": ["新闻", "News"],
  "category.other": ["其他", "Other"],
  "category.payment": ["支付", "Payment"],
  "category.portal": ["门户", "Portal"],
  "category.search": ["搜索", "Search"],
  "category.social": ["社交", "Social"],
  "category.tag_manager": ["标签管理", "Tag manager"],
  "category.telecom": ["电信", "Telecom"],
  "category.trust_seal": ["信任标识", "Trust seal"],
  "category.unknown": ["未知", "Unknown"],
  "category.utility": ["工具", "Utility"],
  "category.video": ["视频", "Video"],

  "relation.script": ["脚本", "Script"],
  "relation.redirect": ["跳转", "Redirect"],
  "relation.embed": ["嵌入", "Embed"],
  "relation.link": ["链接", "Link"],
  "relation.mention": ["提及", "Mention"],

  "outcome.examined": ["已检查", "Examined"],
  "outcome.gone": ["域名已不存在", "Gone"],
  "outcome.unreachable": ["无法访问", "Unreachable"],
  "outcome.not_examined": ["未检查", "Not examined"],

  "live.connecting": ["正在连接…", "Connecting…"],
  "live.online": ["实时", "Live"],
  "live.age": ["{time}前", "{time} ago"],
  "live.age_label": ["距上次收到数据 {time}", "Last frame {time} ago"],
  "live.stale": ["数据陈旧 · {time}", "Stale · {time}"],
  "live.waiting": ["{count} 秒后重连", "Reconnecting in {count} s"],
  "live.announce_lost": ["实时连接中断", "The live connection is cut"],
  "live.announce_back": ["实时连接已恢复", "The live connection is back"],
  "live.now": ["立即重连", "Retry now"],
  "live.stopped": ["已断开", "Disconnected"],
  "live.here": ["在此重新连接", "Connect here"],
  "live.lost": [
    "连接中断。以下是 {time} 的状态；重连后会补上期间发生的一切。",
    "The connection is cut. This is the state of {time}; what you miss comes after the reconnect.",
  ],
  "live.limit": [
    "您打开的窗口过多，此窗口的实时连接已关闭。",
    "You have too many windows open; the live connection of this one was closed.",
  ],
  "live.broadcast": ["来自 {sender} 的通知", "Notice from {sender}"],

  "time.seconds": ["{count} 秒", "{count} s"],

  "error.network": ["无法连接服务器。", "The server cannot be reached."],
  "error.slow": ["服务器没有及时响应。", "The server did not answer in time."],
  "error.unknown": ["出现错误（{code}）。", "Something went wrong ({code})."],
  "error.internal": ["服务器内部错误。", "Something went wrong on the server."],
  "error.unavailable": ["服务器繁忙，请稍后再试。", "The server is busy; try again soon."],
  "error.rate_limited": ["请求过多，请稍后再试。", "Too many requests; try again soon."],
  "error.stream_limit": ["打开的事件流过多。", "Too many event streams are open."],
  "error.invalid_input": ["有内容无法识别：{fields}", "These fields were not understood: {fields}"],
  "error.bad_json": ["请求内容不是有效的 JSON。", "The request is not valid JSON."],
  "error.too_large": ["内容过大。", "This is too large."],
  "error.not_found": ["没有这个任务。", "There is no such scan."],
  "error.forbidden": ["没有权限。", "This is not allowed."],
  "error.admin_only": ["仅限管理员。", "This is for administrators."],
  "error.invalid_credentials": ["用户名或密码错误。", "The name or the password is wrong."],
  "error.user_disabled": ["此账号已停用。", "This account has been disabled."],
  "error.missing_token": ["请重新登录。", "Please sign in again."],
  "error.invalid_token": ["登录已失效，请重新登录。", "Your session has ended. Please sign in again."],
  "error.expired_token": ["登录已过期，请重新登录。", "Your session has expired. Please sign in again."],
  "error.conflict": ["当前状态不允许此操作。", "Not possible in this state."],
  "error.contended": ["其他人正在修改此任务，请再看一下。", "Others are changing this scan; look again."],
  "error.task_finished": ["任务已经结束。", "The scan has ended already."],
  "error.task_running": ["任务正在运行，请先取消。", "The scan is running; cancel it first."],
  "error.task_limit": ["未完成的任务太多，请等待一些任务结束。", "Too many unfinished scans; wait for some to end."],
  "error.target_not_allowed": ["此部署不允许扫描该域名。", "This deployment does not scan that domain."],
  "error.target_empty": ["请输入域名，例如 example.com。", "Give a domain, for example example.com."],
  "error.target_control_characters": ["域名含有控制字符或不可见字符。", "The domain holds control or invisible characters."],
  "error.target_is_url": ["只需域名本身，不要带协议、端口或路径。", "Give the domain alone, without scheme, port or path."],
  "error.target_ip_address": ["请输入域名，而不是 IP 地址。", "Give a domain, not an IP address."],
  "error.target_too_long": ["域名最多 253 个字符。", "A domain has at most 253 characters."],
  "error.target_label_too_long": ["域名的每一段最多 63 个字符。", "A part of a domain has at most 63 characters."],
  "error.target_not_a_domain": ["这不是有效的域名。", "This is not a domain name."],
  "error.target_local_name": ["不能扫描本地名称，请输入完整域名。", "Local names cannot be scanned; give a full domain."],
  "error.target_public_suffix": ["这是多方共用的公共后缀，不是单个域名。", "This is a public suffix that many owners share, not one domain."],
  "error.start_url_invalid": ["起始网址无效。", "A start URL is not valid."],
  "error.start_url_outside_target": ["起始网址不在目标域名内。", "A start URL lies outside the domain."],
  "error.wrong_password": ["当前密码错误。", "The current password is wrong."],
  "error.token_reused": ["登录已失效，请重新登录。", "Your session has ended. Please sign in again."],
  "error.no_such_route": ["服务器没有这个地址。", "There is nothing at this address."],
  "error.method_not_allowed": ["服务器不支持此操作。", "The server does not know this action."],
  "error.not_acceptable": ["没有这种格式。", "There is no such format."],
  "error.unsupported_media_type": ["内容必须是 JSON。", "The body must be JSON."],
  "error.upgrade_required": ["此地址只支持 WebSocket。", "This address speaks WebSocket only."],
  "error.invalid_level": ["没有这个日志级别。", "There is no such level."],
  "error.invalid_sort": ["不能按此字段排序。", "Scans cannot be sorted by that."],
  "error.username_taken": ["用户名已被使用。", "There is a user of that name."],
  "error.email_taken": ["邮箱已被使用。", "There is a user with that address."],
  "error.last_admin": ["至少要保留一个可用的管理员。", "At least one active administrator must remain."],
  "error.user_has_running_tasks": ["请先取消该用户的任务。", "Cancel the user's scans first."],
  "error.database_unavailable": ["数据库繁忙或不可用，请稍后再试。", "The database is busy or away; try again soon."],
  "error.scan_store": ["扫描数据无法读写。", "The scan's data cannot be read or written."],
  "error.scan_store_damaged": ["扫描数据已损坏。", "The scan's data is damaged."],
  "error.scan_store_locked": ["扫描数据正被另一个进程使用。", "Another process holds the scan's data."],
  "error.scan_store_mismatch": ["扫描数据由另一版本的程序写入。", "Another version of the program wrote the scan's data."],
  "error.scan_store_unavailable": ["扫描数据无法访问，或磁盘已满。", "The scan's data cannot be reached, or the disk is full."],

  "failure.internal": ["扫描过程中发生内部错误。", "The scan met an internal error."],
  "failure.timeout": ["运行时间过长，已终止。", "It ran for too long and was ended."],
  "failure.worker_lost": ["扫描进程丢失。", "The scan process was lost."],
  "failure.scan_store": ["扫描数据无法读写。", "The scan's data cannot be read or written."],
  "failure.scan_store_damaged": ["扫描数据已损坏。", "The scan's data is damaged."],
  "failure.scan_store_locked": ["扫描数据正被另一个进程使用。", "Another process holds the scan's data."],
  "failure.scan_store_mismatch": ["扫描数据由另一版本的程序写入。", "Another version of the program wrote the scan's data."],
  "failure.scan_store_unavailable": ["扫描数据无法访问，或磁盘已满。", "The scan's data cannot be reached, or the disk is full."],
};

const columns = new Map(LANGUAGES.map((language, index) => [language, index]));

/** A function `(key, parameters) => text` for one language. Numbers are written as people of that language do. */
export function createTexts(language) {
  const column = columns.get(language) ?? 0;
  const numbers = new Intl.NumberFormat(language);
  const fill = (value) => (typeof value === "number" ? numbers.format(value) : String(value ?? ""));
  const translate = (key, parameters = {}) =>
    (TEXTS[key]?.[column] ?? key).replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
      const value = fill(parameters[name]);
      return one === undefined ? value : `${value} ${parameters[name] === 1 ? one : many}`;
    });
  translate.has = (key) => key in TEXTS;
  translate.language = language;
  return translate;
}

/** The text of a code under a prefix; `fallback` when this page does not know the code. */
export function textOfCode(t, prefix, code, fallback) {
  const key = `${prefix}.${code}`;
  return t.has(key) ? t(key) : (fallback ?? String(code ?? ""));
}

/** `?lang=`, then what was chosen before, then the browser's, then Chinese. */
export function chooseLanguage({ query, remembered, preferred = [] }) {
  const known = (tag) => {
    const text = String(tag ?? "").toLowerCase();
    if (text.startsWith("zh")) return "zh-CN";
    return text.startsWith("en") ? "en" : null;
  };
  return known(query) ?? known(remembered) ?? preferred.map(known).find(Boolean) ?? "zh-CN";
}

export const ALL_TEXTS = TEXTS;
