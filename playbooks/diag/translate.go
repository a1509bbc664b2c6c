package diag

import "slices"

// inEnglish gives the keys and words of the language that a Chinese word stands for. Which one is
// meant depends on the place: 条件 is `condition` in a playbook and `if` beside an event.
var inEnglish = map[string][]string{
	"编号": {"id"}, "标识": {"id"}, "名称": {"name"}, "名字": {"name"}, "阶段": {"stage"}, "负责人": {"owner"}, "状态": {"status"},
	"优先级": {"priority"}, "配额": {"quota"}, "名额": {"quota"}, "生效时间": {"active"}, "活动时间": {"active"},
	"触发": {"trigger"}, "触发器": {"trigger"}, "触发条件": {"trigger"}, "条件": {"condition", "if"}, "如果": {"if", "condition"},
	"重入": {"reentry"}, "再次进入": {"reentry"}, "重复进入": {"reentry"}, "模式": {"mode"}, "对照组": {"holdout"}, "目标": {"goal"},
	"退出": {"exit"}, "退出条件": {"exit"}, "动作": {"actions"}, "操作": {"actions"}, "步骤": {"actions"},

	"事件": {"event", "events"}, "期限": {"within"}, "时限": {"within"}, "定时": {"schedule"}, "人群": {"segment", "segments"},
	"分群": {"segment", "segments"}, "进入人群": {"segment_enter"}, "离开人群": {"segment_exit"}, "日期": {"date"}, "偏移": {"offset"},
	"时间": {"at"}, "时区": {"timezone"}, "参数": {"params"},

	"渠道": {"channel", "channels"}, "通道": {"channel", "channels"}, "文案": {"text"}, "正文": {"text"}, "内容": {"text"},
	"模板": {"template"}, "主题": {"subject"}, "标题": {"subject"}, "类别": {"class"}, "直到": {"until"}, "超时": {"timeout"},
	"添加": {"add"}, "增加": {"add"}, "移除": {"remove"}, "删除": {"remove"}, "原因": {"reason"}, "券池": {"pool"},
	"那么": {"then"}, "否则": {"else"}, "权重": {"weight"},

	"会员": {"member"}, "优惠券": {"coupons"}, "等级": {"levels"}, "会员等级": {"levels"}, "门槛": {"steps"}, "宽限期": {"grace"}, "抽奖": {"raffle", "raffles"}, "奖品": {"prizes"}, "开奖": {"draw"}, "概率": {"odds"}, "频控": {"frequency_caps"}, "免打扰": {"quiet_hours"}, "免打扰时段": {"quiet_hours"},
	"类型": {"type"}, "默认": {"default"}, "默认值": {"default"}, "前缀": {"prefix"}, "预算": {"budget"}, "总量": {"budget"},
	"每人上限": {"per_member"}, "有效期": {"expires"}, "上限": {"max"}, "最多": {"max"}, "开始": {"from"}, "结束": {"to"},

	"剧本": {"playbook"}, "测试": {"tests"}, "脚本": {"script"}, "历史": {"history"}, "期望": {"expect"}, "预期": {"expect"},
	"快进": {"advance"}, "属性": {"properties"}, "消息": {"messages"}, "标签": {"tags"}, "积分": {"points"}, "包含": {"contains"},
	"运行": {"run"},

	"拉新": {"acquisition"}, "获客": {"acquisition"}, "激活": {"activation"}, "促活": {"activation"}, "留存": {"retention"},
	"转化": {"conversion"}, "上线": {"live"}, "启用": {"live"}, "暂停": {"paused"}, "停用": {"paused"}, "草稿": {"draft"},
	"单个": {"single"}, "重新开始": {"restart"}, "并行": {"parallel"}, "跳过": {"skip"}, "补一次": {"run_once"}, "每年": {"year"}, "每小时": {"hour"}, "每天": {"day"}, "每日": {"day"}, "每周": {"week"}, "每月": {"month"},
	"农历": {"lunar"}, "阴历": {"lunar"},
	"营销": {"promotional"}, "通知": {"transactional"},
}

// InEnglish returns the one known word that a Chinese word stands for, "" when there is none or
// more than one.
func InEnglish(word string, known []string) string {
	meant := ""
	for _, w := range inEnglish[word] {
		if !slices.Contains(known, w) {
			continue
		}
		if meant != "" {
			return ""
		}
		meant = w
	}
	return meant
}

// IsChineseKey reports whether the word stands for a key or a word of the language.
func IsChineseKey(word string) bool { return inEnglish[word] != nil }
