"""Pages of third parties that a university must not be associated with: every class, in Chinese and in English.

All are written for this world, in the plain language of their trade.
"""

from typing import Final

GAMBLING_ZH: Final = (
    "欢迎来到本站，真人百家乐、龙虎斗、轮盘和老虎机全天开放，注册即送彩金。",
    "时时彩、北京赛车、六合彩同步开盘，赔率高，投注后即时结算，天天返水。",
    "体育博彩覆盖各大联赛，滚球盘口实时更新。代理加盟请联系在线客服。",
    "存取款三分钟到账，资金安全有保证，新会员首存加赠。",
)
GAMBLING_EN: Final = (
    "Play online casino games for real money: slots, roulette, blackjack and live dealer baccarat.",
    "Claim your welcome bonus of 200 free spins today. Place your bets around the clock in our sportsbook.",
    "Fast withdrawals, a progressive jackpot and weekly deposit bonus for every player.",
)
ADULT_ZH: Final = (
    "成人视频免费在线观看，无码高清，情色电影每日更新。",
    "本站含有色情内容，未满十八岁禁止进入。激情视频、裸聊直播、成人小说应有尽有。",
    "会员无限观看成人影片，支持手机在线播放。",
)
ADULT_EN: Final = (
    "Free porn videos: hardcore, amateur and live sex cams updated every hour.",
    "You must be 18 or older to enter. Watch XXX movies and nude webcam girls in HD.",
    "Join our adult community for unlimited streaming of explicit content.",
)
FRAUD_ZH: Final = (
    "您的支付宝账户存在异常登录，为避免资金冻结，请在二十四小时内完成身份验证。",
    "请填写支付宝账号、登录密码、银行卡号、身份证号和短信验证码。",
    "逾期未验证的账户将被永久冻结。",
)
FRAUD_FORM_ZH: Final = (
    '<form action="/check" method="post"><label>支付宝账号 <input name="account"></label>'
    '<label>登录密码 <input name="password" type="password"></label>'
    '<label>银行卡号 <input name="card" autocomplete="cc-number"></label>'
    '<label>短信验证码 <input name="code"></label><button>立即验证</button></form>'
)
FRAUD_EN: Final = (
    "Your PayPal account has been limited. We noticed unusual activity and need you to confirm your identity.",
    "Please sign in and enter your card details within 24 hours, or your account will be suspended permanently.",
)
FRAUD_FORM_EN: Final = (
    '<form action="/confirm" method="post"><label>Email <input name="email"></label>'
    '<label>Password <input name="password" type="password"></label>'
    '<label>Card number <input name="cardnumber" autocomplete="cc-number"></label>'
    '<label>CVV <input name="cvv"></label><button>Confirm</button></form>'
)
MALWARE_ZH: Final = (
    "警告：检测到您的电脑已感染病毒，系统文件正在被删除！",
    "您的 Flash Player 版本过低，请立即下载并安装最新的修复程序，否则数据将丢失。",
)
MALWARE_BODY_ZH: Final = (
    '<p><a href="/files/flash_repair.exe" download>立即下载修复程序</a></p>'
    "<script>setTimeout(function () { location.href = '/files/flash_repair.exe'; }, 60000);</script>"
)
MALWARE_EN: Final = (
    "WARNING: your computer is infected with 5 viruses. Your browser is out of date.",
    "Download the critical update now and run it to remove the threats. Turn your antivirus off before installing.",
)
MALWARE_BODY_EN: Final = '<p><a href="/files/browser_update.exe" download>Update now</a></p>'
DRUGS_ZH: Final = (
    "长期现货供应大麻、冰毒、摇头丸和K粉，纯度高，货到付款。",
    "全国安全发货，伪装包装，加微信联系，量大从优。",
    "另有麻古、迷奸水、听话水，效果保证。",
)
DRUGS_EN: Final = (
    "Buy cocaine, MDMA, LSD and crystal meth online with discreet shipping worldwide.",
    "High quality weed and ecstasy pills for sale. Pay with bitcoin, stealth packaging guaranteed.",
)
VIOLENCE_ZH: Final = (
    "本店出售仿真手枪、气枪、弓弩和子弹，现货秒发，货到付款。",
    "猎枪配件、消音器、三棱军刺均有，支持私人定制，加微信看货。",
    "枪支全套散件，安装视频随货发送。",
)
VIOLENCE_EN: Final = (
    "Buy untraceable ghost guns, pistols and ammunition online. No background check, no licence required.",
    "Silencers and full auto conversion kits for sale, discreet shipping, pay with bitcoin.",
)
MEDICAL_ZH: Final = (
    "祖传秘方，根治糖尿病、高血压和癌症，一个疗程见效，无效全额退款。",
    "纯中药无副作用，包治百病，永不复发，名额有限立即订购。",
    "壮阳药、减肥药无需处方，货到付款，保密发货。",
)
MEDICAL_EN: Final = (
    "Buy Viagra, Xanax and oxycodone online without prescription. Overnight delivery, no doctor needed.",
    "Our miracle cure reverses diabetes and cancer in 30 days, guaranteed or your money back.",
)
OTHER_ZH: Final = (
    "专业办理各类毕业证、学位证、资格证，与原版一模一样，水印钢印齐全，可查。",
    "代开发票、刻章办证、代考替考，先办后付款，加微信联系。",
    "三天出证，全国快递，诚信经营十年。",
)
OTHER_EN: Final = (
    "Buy fake diplomas, degrees and transcripts that look exactly like the original. Verified in databases.",
    "We also sell fake passports, driving licences and ID cards. Pay after delivery, contact us on Telegram.",
)
SCREEN: Final = "真人百家乐 时时彩 注册送彩金 老虎机 立即投注"  # of the page that is a picture and nothing else
