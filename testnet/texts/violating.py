"""Pages of third parties that a site must not be associated with. Neutral wording: they name their trade."""

from typing import Final

GAMBLING_ZH: Final = (
    "本站为线上娱乐城，提供真人百家乐、老虎机、时时彩和体育投注。",
    "注册会员即送彩金，首次充值返水，天天开奖，赔率公开。",
    "六合彩资料每日更新，支持网上投注和手机下注，全天存取款。",
    "博彩有规律，代理加盟请联系在线客服开户。",
)
GAMBLING_ZH_CLUB: Final = (
    "棋牌俱乐部提供现金牛牛、炸金花和真人荷官百家乐，网上赌场二十四小时营业。",
    "新会员开户送彩金，投注流水每日返水，赌博平台信誉保证。",
    "体育博彩赔率即时更新，支持滚球下注。",
)
GAMBLING_ZH_LOTTERY: Final = (
    "私彩投注平台，时时彩、北京赛车、六合彩全部开盘，赔率高于同行。",
    "网上投注随时下注，注册送彩金，代理返水日结。",
    "老虎机和百家乐同步上线，博彩娱乐城官方入口。",
)
GAMBLING_EN: Final = (
    "Welcome to our online casino. Play slots, roulette, blackjack and baccarat for real money.",
    "New players get a welcome bonus and 100 free spins. Place your bets in the sportsbook day and night.",
    "Progressive jackpot, live dealer tables, instant deposit bonus and fast withdrawal of your winnings.",
)
GAMBLING_EN_BETS: Final = (
    "Sports betting and online casino in one account: place bets, play slots, hit the jackpot.",
    "Deposit bonus for every new player, free bets each week, live roulette and poker rooms.",
    "Best odds for betting on football. Real money gambling with quick payouts.",
)
ADULT_ZH: Final = (
    "成人视频在线观看，情色电影和成人影片每日更新。",
    "本站含有色情内容，未满十八岁请立即离开。",
    "成人直播、激情视频和情色小说，会员无限观看。",
)
ADULT_ZH_LIVE: Final = (
    "成人直播平台，激情视频聊天，裸聊房间全天开放。",
    "色情影片与情色图片分类齐全，十八禁内容，未成年人禁止进入。",
    "成人电影在线播放，注册成为会员观看全部成人视频。",
)
FRAUD_ZH: Final = (
    "您的支付宝账户存在异常，为避免账户被冻结，请立即登录验证身份。",
    "请输入支付宝账号、登录密码、银行卡号和短信验证码完成安全认证。",
    "逾期未验证，账户资金将被冻结。",
)
FRAUD_FORM: Final = (
    '<form action="/verify" method="post"><label>支付宝账号 <input name="account" type="text"></label>'
    '<label>登录密码 <input name="password" type="password"></label>'
    '<label>银行卡号 <input name="card" type="text" autocomplete="cc-number"></label>'
    '<label>短信验证码 <input name="code" type="text"></label><button>立即验证</button></form>'
)
DRUGS_ZH: Final = (
    "本店长期出售大麻、摇头丸、冰毒和K粉，货源稳定。",
    "毒品交易安全保密，货到付款，量大优惠，支持同城送货。",
    "麻古、迷幻药现货供应，加微信联系。",
)
MEDICAL_ZH: Final = (
    "祖传秘方，包治百病，三天见效，无效退款，没有任何副作用。",
    "特效药根治糖尿病、高血压和癌症，一个疗程彻底治愈，永不复发。",
    "无需处方即可购买处方药，壮阳药、减肥药代购，私密发货。",
)
MALWARE_EN: Final = (
    "Your Flash Player is out of date. Install the latest Flash Player update to watch this video.",
    "Your computer may be infected with a virus. Download flash_player_update.exe and run it now.",
    "您的 Flash Player 版本过低，请下载并运行最新的安装程序。检测到系统存在病毒，请立即下载修复。",
)
MALWARE_BODY: Final = (
    '<p><a class="download" href="/files/flash_player_update.exe" download>Download flash update 下载更新</a></p>'
    "<script>setTimeout(function () { window.location.href = '/files/flash_player_update.exe'; }, 60000);</script>"
)
NO_BUCKET: Final = ("NoSuchBucket", "The specified bucket does not exist.", "quick-event.oss-cn-hangzhou.aliyuncs.com")
