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
